/** For tests of pages: a machine that needs `slowMs` more for each frame. Load it before the page's own scripts. */
{
  globalThis.slowMs = 0;
  const listen = EventTarget.prototype.addEventListener;
  Worker.prototype.addEventListener = function (type, hear) {
    listen.call(this, type, (event) => {
      const isAnswer = type === 'message' && event.data.value?.state !== undefined;
      if (isAnswer && globalThis.slowMs) setTimeout(() => hear(event), globalThis.slowMs);
      else hear(event);
    });
  };
}
