/**
 * For tests of pages: keeps the model's answers back, as a machine that is busy does, from hold() to release().
 * Load it before the page's own scripts; for a model that runs on the page itself, call holdRuns() as well.
 */
{
  const held = [];
  let isHolding = false;
  globalThis.hold = () => {
    isHolding = true;
  };
  globalThis.isHeld = () => held.length > 0;
  globalThis.release = () => {
    isHolding = false;
    for (const give of held.splice(0)) give();
  };

  const listen = EventTarget.prototype.addEventListener;
  Worker.prototype.addEventListener = function (type, hear) {
    listen.call(this, type, (event) => {
      const isAnswer = type === 'message' && event.data.value?.state !== undefined;
      if (isHolding && isAnswer) held.push(() => hear(event));
      else hear(event);
    });
  };

  globalThis.holdRuns = async (moduleUrl) => {
    const { prototype } = (await import(moduleUrl)).InferenceSession;
    const { run } = prototype;
    prototype.run = async function (...values) {
      const outputs = await run.apply(this, values);
      if (isHolding) await new Promise((give) => held.push(give));
      return outputs;
    };
  };
}
