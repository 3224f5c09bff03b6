// A draft is saved while it is written; what could not be saved stays in this browser (data-keep, app.js).
(() => {
  const form = document.querySelector("form[data-autosave]");
  if (!form) return;
  const area = form.querySelector("textarea");
  const revision = form.elements.revision;
  const said = form.querySelector("[data-saved]");
  const key = `keep:${area.dataset.keep}`;
  const EVERY = 2000;
  let saved = area.defaultValue;
  let timer = null;
  let saving = null;
  let isOver = false; // frozen, or saved in another window: only a person can decide

  async function save() {
    clearTimeout(timer);
    if (saving) await saving;
    if (isOver || form.dataset.sent || area.value === saved) return;
    saving = send(area.value);
    await saving;
    saving = null;
    if (area.value !== saved) plan();
  }
  async function send(words) {
    const body = new FormData(form);
    body.set("text", words);
    body.delete("attachments"); // files go when a person saves or submits
    try {
      const answer = await fetch(form.dataset.autosave, { method: "POST", body, headers: { Accept: "application/json" }, keepalive: words.length < 15000 });
      if (!(answer.headers.get("content-type") || "").includes("json")) throw new Error("signed out");
      const { revision: next, words: told } = await answer.json();
      said.textContent = told;
      if (!answer.ok) { isOver = true; said.classList.add("late"); return; }
      saved = words;
      revision.value = next;
      if (area.value === words) try { localStorage.removeItem(key); } catch { /* forbidden */ }
    } catch {
      said.textContent = form.dataset.unsaved;
    }
  }
  function plan() {
    clearTimeout(timer);
    timer = setTimeout(save, EVERY);
  }
  form.addEventListener("input", plan);
  form.addEventListener("submit", () => clearTimeout(timer));
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "hidden") save(); });
  form.querySelector("[data-save]").addEventListener("click", (event) => {
    if (form.elements.attachments.files.length) return; // sent as a form: they go with it
    event.preventDefault();
    save();
  });
  if (area.value !== saved) plan(); // words restored from this browser
})();
