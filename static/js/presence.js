// Whether one is writing is told with the strip's own question (hx-include); a text that stands still for a minute is not writing.
(() => {
  const writing = document.getElementById("writing");
  if (!writing) return;
  const STILL = 60000;
  let still = null;
  document.addEventListener("input", (event) => {
    if (!event.target.matches("textarea, [contenteditable]")) return;
    writing.value = "1";
    clearTimeout(still);
    still = setTimeout(() => { writing.value = ""; }, STILL);
  });
})();
