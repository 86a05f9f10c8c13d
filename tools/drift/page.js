const buttons = document.querySelectorAll('button[data-lang]');
function choose(lang) {
  document.documentElement.lang = lang;
  document.title = document.querySelector(`h1 span[lang="${lang}"]`).textContent;
  for (const button of buttons) button.setAttribute('aria-pressed', String(button.dataset.lang === lang));
}
for (const button of buttons) button.addEventListener('click', () => choose(button.dataset.lang));
choose(document.documentElement.lang);
