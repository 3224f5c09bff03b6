// What HTML and htmx do not do by themselves. Every page works without this file.
(() => {
  const $ = (selector, root = document) => root.querySelector(selector);
  const $$ = (selector, root = document) => [...root.querySelectorAll(selector)];
  const isVisible = (element) => element.getClientRects().length > 0;
  const store = {
    get: (key) => { try { return localStorage.getItem(key); } catch { return null; } },
    set: (key, value) => { try { localStorage.setItem(key, value); } catch { /* forbidden or full: go on without */ } },
    // A key and what is kept under it: "keep:reply-1" and "keep:reply-1-draft2".
    clear: (key) => {
      try {
        for (const one of Object.keys(localStorage)) if (one === key || one.startsWith(`${key}-`)) localStorage.removeItem(one);
      } catch { /* forbidden */ }
    },
    remove: (key) => { try { localStorage.removeItem(key); } catch { /* forbidden */ } },
  };

  // --- Queue: j and k move the focus among the subjects; the preview follows the focus --------------------------------
  const SUBJECT = ".ticket-row__subject";
  let current = null; // the address of the row last focused; rows are replaced by htmx, addresses stay
  let waiting;

  // The row last focused; before any was, the one that the preview shows (it names it in data-row).
  function currentSubject() {
    const shown = $("#preview")?.dataset.row;
    return $$(SUBJECT).find((link) => link.href === current) || $$(SUBJECT).find((link) => link.id === shown);
  }
  function mark(link) {
    for (const other of $$(`${SUBJECT}[aria-current]`)) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
  }
  function moveBy(step) {
    const links = $$(SUBJECT);
    const from = links.indexOf(currentSubject());
    const link = links[from < 0 ? 0 : Math.min(Math.max(from + step, 0), links.length - 1)];
    link.focus();
    link.closest(".ticket-row").scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("focusin", (event) => {
    const link = event.target;
    if (!link.matches(SUBJECT) || link.href === current) return;
    current = link.href;
    mark(link);
    const preview = $("#preview");
    if (!link.dataset.preview || !preview || !isVisible(preview)) return;
    clearTimeout(waiting); // a held key passes many rows: ask for the last one
    waiting = setTimeout(() => {
      const source = link.closest("[hx-sync]") || link; // the list says hx-sync="this:replace"
      htmx.ajax("GET", link.dataset.preview, { source, target: "#preview", swap: "outerHTML" }).catch(() => {});
    }, 120);
  });

  // --- Single keys: data-key="f" is pressed (or a field focused) by f; they can be turned off (WCAG 2.1.4) ------------
  const keysOff = () => store.get("keys") === "off";

  const tickOf = (subject) => subject && $(".ticket-row__tick input", subject.closest(".ticket-row"));

  function press(key) {
    const target = $$(`[data-key="${CSS.escape(key)}"]`).find((element) => isVisible(element) && !element.disabled);
    if (target) {
      if (target.matches("input:not([type=submit]), textarea, select")) target.focus();
      else target.click();
      return true;
    }
    const subject = currentSubject();
    if ((key === "j" || key === "k") && $(SUBJECT)) moveBy(key === "j" ? 1 : -1);
    else if (key === "x" && tickOf(subject)) tickOf(subject).click();
    else if (key === "r" && $("#reply")) focusReply();
    else if (key === "r" && subject) location.assign(`${subject.href}#reply`);
    else if (key === "?" && $("#keys")) $("#keys").showModal();
    else return false;
    return true;
  }
  function focusReply() {
    const reply = $("#reply");
    (reply.matches("textarea, [contenteditable]") ? reply : $("textarea", reply))?.focus();
    reply.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("keydown", (event) => {
    const field = event.target.closest("input, textarea, select, [contenteditable]");
    const enter = event.key === "Enter";
    const form = enter && (event.ctrlKey || event.metaKey) && event.target.closest("form[data-submit-keys]");
    if (form) {
      event.preventDefault();
      form.requestSubmit($("[type=submit].btn-primary", form) || $("[type=submit]:not([data-aside])", form));
    } else if (enter && event.target === document.body && currentSubject()) {
      currentSubject().click();
    } else if (event.key === "Escape") {
      const menu = event.target.closest("details.menu[open]");
      if (menu) { menu.open = false; $("summary", menu).focus(); }
    } else if (event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && !event.defaultPrevented) {
      if ((field && !field.matches("[type=checkbox], [type=radio]")) || $("dialog[open]") || keysOff()) return;
      if (press(event.key)) event.preventDefault();
    }
  });
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-open]")) $("#keys")?.showModal();
    if (event.target.closest("[data-print]")) print();
    if (event.target.closest("[data-asks] a")) event.target.closest("[data-asks]").hidden = true; // asked, and answered below
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target)) menu.open = false;
  });
  document.addEventListener("change", (event) => {
    if (event.target.matches("[data-keys-toggle]")) store.set("keys", event.target.checked ? "on" : "off");
    if (event.target.matches(".file-pick input[type=file]")) namePicked(event.target);
  });

  // --- Beside a text: put something in where the cursor stands (or at data-at), show a place (data-select) --------------
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-insert], [data-select]");
    if (!button) return;
    const text = textFor(button.dataset.into) || $("textarea", button.closest("form"));
    if (button.dataset.select) select(text, ...button.dataset.select.split(" ").map(Number));
    else if ("apart" in button.dataset) insertApart(text, button.dataset.insert);
    else insert(text, button.dataset.insert, button.dataset.at);
  });
  document.addEventListener("words:insert", (event) => insertApart(textFor(event.detail.into), event.detail.text));

  // A textarea, or the editor that stands in its place (it has the same id, and says so in `words`).
  function textFor(id) {
    return id ? document.getElementById(id) : null;
  }
  function select(text, start, end) {
    text.focus();
    if (text.words) text.words.select(start, end);
    else text.setSelectionRange(start, end);
  }
  // Ready words do not stick to what stands before the cursor: a paragraph begins anew, a term after a space.
  function insertApart(text, added) {
    const before = text.words ? text.words.before() : text.value.slice(0, text.selectionEnd);
    const gap = !before.trim() || /\n\n$/.test(before) ? "" : added.includes("\n") ? "\n\n" : /\s$/.test(before) ? "" : " ";
    const after = text.words ? text.words.after() : text.value.slice(text.selectionEnd);
    insert(text, gap + added + (added.includes("\n") && after.trim() && !after.startsWith("\n") ? "\n\n" : ""));
  }
  function insert(text, added, at) {
    text.focus();
    if (text.words) { text.words.insert(added, at); return; }
    const place = Number(at ?? text.selectionEnd);
    text.setRangeText(added, place, place, "end");
    text.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // --- Files: say what was picked, since the input itself is hidden behind its label ----------------------------------
  function namePicked(input) {
    const output = $("[data-picked]", input.closest(".file-pick"));
    if (output) output.textContent = [...input.files].map((file) => file.name).join(", ");
  }

  // --- A form is sent once: data-once. (A form of htmx has hx-disabled-elt.) ------------------------------------------
  const buttonsOf = (form) => $$("[type=submit], button:not([type])", form);

  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!form.matches("form[data-once]")) return;
    if (form.dataset.sent) { event.preventDefault(); return; }
    if (event.defaultPrevented) return;
    form.dataset.sent = "true";
    setTimeout(() => buttonsOf(form).forEach((button) => { button.disabled = true; })); // after the button's value was read
  });
  addEventListener("pageshow", () => {
    for (const form of $$("form[data-sent]")) {
      delete form.dataset.sent;
      buttonsOf(form).forEach((button) => { button.disabled = false; });
    }
  });

  // --- Words that were typed are not lost: data-keep="key"; a key names the person and the ticket ---------------------
  const KEPT_FOR = 14 * 24 * 3600 * 1000;

  const formedOf = (area) => (area.dataset.editor ? document.getElementById(area.dataset.editor) : null);

  document.addEventListener("input", (event) => {
    const key = event.target.dataset?.keep;
    if (!key) return;
    // Other words: their form comes after them from the editor, or there is none.
    const formed = formedOf(event.target);
    if (formed) store.remove(`keep:${formed.dataset.keep}`);
    if (event.target.value.trim()) store.set(`keep:${key}`, JSON.stringify([Date.now(), event.target.value]));
    else store.remove(`keep:${key}`);
  });
  function keptWords(area) {
    const [at, words] = JSON.parse(store.get(`keep:${area.dataset.keep}`) ?? "[0, null]");
    if (Date.now() - at <= KEPT_FOR) return words;
    store.remove(`keep:${area.dataset.keep}`);
    return null;
  }
  function restoreWords(root) {
    for (const sent of $$("[data-clear-keep]", root)) store.clear(`keep:${sent.dataset.clearKeep}`);
    const areas = $$("textarea[data-keep]", root);
    const formed = areas.map(formedOf); // restored with its text, or not at all
    for (const area of areas.filter((one) => !formed.includes(one))) {
      const words = keptWords(area);
      if (words === null || (area.value.trim() && !("keepOver" in area.dataset))) continue;
      area.value = words;
      if (formedOf(area)) formedOf(area).value = keptWords(formedOf(area)) ?? "";
      const note = area.form && $("[data-kept]", area.form); // "Your unsent text was restored."
      if (note) note.hidden = false;
    }
  }

  // --- A letter's frame is as tall as the letter: iframe[data-fit], sandboxed without scripts -------------------------
  function fit(frame) {
    const page = frame.contentDocument?.documentElement;
    if (!page) return;
    // Thirty thousand is a letter of many pages; one that claims more scrolls within its frame.
    const size = () => { frame.height = Math.min(30000, Math.ceil(page.offsetHeight)) + (page.scrollWidth > page.clientWidth ? 18 : 0); };
    size();
    new ResizeObserver(size).observe(page); // pictures arrive, the window narrows
  }
  document.addEventListener("load", (event) => {
    if (event.target.matches?.("iframe[data-fit]")) fit(event.target);
  }, true);

  // --- htmx -----------------------------------------------------------------------------------------------------------
  const say = (words) => { const voice = $("#announce"); if (voice) voice.textContent = words; };

  function focusProblem(root) {
    const problem = $(".is-invalid, [aria-invalid=true], [data-refusal]", root);
    problem?.focus();
  }
  document.addEventListener("htmx:beforeSwap", (event) => {
    const { target, xhr } = event.detail;
    // Signed out meanwhile: a whole page came where a part was asked for. Show that page, not a piece of it.
    if (event.detail.shouldSwap && /^\s*<!doctype/i.test(xhr.responseText)) {
      event.detail.shouldSwap = false;
      location.reload();
    }
    // A refusal stands above what was being done; it does not replace it, so nothing that was typed is lost.
    if ([403, 404, 409].includes(xhr.status)) {
      $("[data-refusal]", target)?.remove();
      event.detail.swapOverride = "afterbegin";
    }
  });
  document.addEventListener("htmx:load", (event) => { if (event.detail.elt !== document.body) prepare(event.detail.elt); });
  document.addEventListener("htmx:afterSettle", (event) => {
    // What one did was refused: go to the reason. What merely failed to load does not take the focus.
    if (event.detail.xhr?.status >= 400 && event.detail.requestConfig.verb !== "get") focusProblem(event.detail.elt);
    const link = currentSubject();
    if (link) mark(link); // the list was refreshed, or its first preview came: keep the row marked
  });
  // A list that htmx replaces stays scrolled where it was: data-scrolls.
  let scrolled = 0;
  document.addEventListener("htmx:beforeSwap", (event) => { scrolled = $("[data-scrolls]", event.detail.target)?.scrollTop || 0; });
  document.addEventListener("htmx:afterSwap", (event) => {
    const list = $("[data-scrolls]", event.detail.elt);
    if (list && scrolled) list.scrollTop = scrolled;
  });
  // The strip must not go on saying that all is well when nobody answers.
  for (const name of ["htmx:sendError", "htmx:responseError", "htmx:timeout"]) {
    document.addEventListener(name, (event) => {
      const lost = event.detail.elt?.id === "strip" && $("[data-lost]", event.detail.elt);
      if (!lost || !lost.hidden) return;
      lost.hidden = false;
      say(lost.textContent.trim());
    });
  }

  // The mailbox's state is told to screen readers when it changes, not every minute.
  let mailbox = null;
  function tellMailbox() {
    const item = $("#strip [data-mailbox]");
    if (!item) return;
    if (mailbox !== null && mailbox !== item.dataset.mailbox) say(item.textContent.replace(/\s+/g, " ").trim());
    mailbox = item.dataset.mailbox;
  }

  // In a strip of tabs or days that is wider than its window, what is current comes into view.
  function showCurrent(root) {
    for (const strip of $$(".views, .away-scroll", root)) {
      const here = $("[aria-current]", strip)?.getBoundingClientRect();
      const room = strip.getBoundingClientRect();
      if (here && here.right > room.right) strip.scrollLeft += here.left - room.left - (room.width - here.width) / 2;
    }
  }

  function prepare(root) {
    restoreWords(root);
    showCurrent(root);
    for (const frame of $$("iframe[data-fit]", root)) {
      if (frame.contentDocument?.readyState === "complete") fit(frame);
    }
    for (const box of $$("[data-keys-toggle]", root)) box.checked = !keysOff();
    tellMailbox();
  }
  prepare(document);
  focusProblem(document);
  // A link to #reply means its text; the browser itself focuses only what is focusable.
  for (const name of ["load", "hashchange"]) {
    addEventListener(name, () => { if (location.hash === "#reply" && $("#reply")) focusReply(); });
  }
})();
