// The editor of letters: Quill in place of a textarea[data-editor], which goes on holding the words as text.
// Without scripts, or where Quill did not load, the textarea is what one writes in.
(() => {
  if (!window.Quill) return;
  for (const area of document.querySelectorAll("textarea[data-editor]")) {
    const form = area.form;
    const formed = document.getElementById(area.dataset.editor);
    const bar = form.querySelector("[data-toolbar]");
    const place = document.createElement("div");
    place.className = "editor-rich";
    area.after(place);
    const quill = new Quill(place, {
      formats: ["bold", "italic", "underline", "strike", "list", "link", "blockquote"],
      // Tab leads on to the next control, as everywhere else.
      modules: { toolbar: false, keyboard: { bindings: { tab: null, indent: null, outdent: null } } },
    });
    const root = quill.root;
    const id = area.id;
    const label = form.querySelector(`label[for="${id}"]`);
    root.setAttribute("role", "textbox");
    root.setAttribute("aria-multiline", "true");
    root.setAttribute("aria-label", label.textContent);
    for (const name of ["aria-invalid", "aria-describedby"]) {
      if (area.hasAttribute(name)) root.setAttribute(name, area.getAttribute(name));
    }
    root.lang = "lv";

    formed.disabled = false;
    if (formed.value.trim()) quill.clipboard.dangerouslyPasteHTML(formed.value, "silent"); // cleaned by the server, or ours
    else quill.setText(area.value, "silent");
    quill.history.clear();
    area.hidden = true;
    area.id = `${id}-text`;
    root.id = id;
    label.hidden = true;
    bar.hidden = false;

    const text = () => quill.getText().replace(/\n$/, "");
    const keep = () => {
      area.value = text();
      formed.value = quill.getSemanticHTML().replaceAll("&nbsp;", " ");
      for (const one of [area, formed]) one.dispatchEvent(new Event("input", { bubbles: true }));
    };
    quill.on("text-change", keep);
    const cursor = () => quill.getSelection(true)?.index ?? quill.getLength() - 1;
    // What other scripts put in or point at (app.js); places are those of the text.
    root.words = {
      before: () => text().slice(0, cursor()),
      after: () => text().slice(cursor()),
      select: (start, end) => { quill.setSelection(start, end - start, "user"); quill.scrollSelectionIntoView(); },
      insert: (added, at) => {
        const index = at === undefined ? cursor() : Number(at);
        quill.insertText(index, added, "user");
        quill.setSelection(index + added.length, 0, "user");
      },
    };

    const buttons = [...bar.querySelectorAll("[data-format]")];
    const show = () => {
      const formats = quill.getFormat();
      for (const button of buttons) {
        const now = formats[button.dataset.format];
        button.setAttribute("aria-pressed", String(button.dataset.value ? now === button.dataset.value : Boolean(now)));
      }
    };
    quill.on("editor-change", () => { if (quill.hasFocus()) show(); });
    const address = bar.querySelector("[data-address]");
    let linked = null; // what the address is for
    bar.addEventListener("click", (event) => {
      const button = event.target.closest("button");
      if (!button) return;
      const range = quill.getSelection(true);
      const { format, value = true } = button.dataset;
      if (button.matches("[data-clean]")) {
        quill.removeFormat(range.index, range.length, "user");
      } else if (format === "link") {
        if (quill.getFormat(range).link) { quill.format("link", false, "user"); return; }
        linked = range;
        address.hidden = false;
        address.querySelector("input").focus();
      } else if (button.matches("[data-link]")) {
        setLink();
      } else if (format) {
        const now = quill.getFormat(range)[format];
        quill.format(format, (value === true ? now : now === value) ? false : value, "user");
      }
      show();
    });
    const setLink = () => {
      const input = address.querySelector("input");
      const typed = input.value.trim();
      address.hidden = true;
      input.value = "";
      if (!linked || !typed) { quill.focus(); return; }
      const target = /^(https?:|mailto:)/i.test(typed) ? typed : typed.includes("@") ? `mailto:${typed}` : `https://${typed}`;
      if (linked.length) quill.formatText(linked.index, linked.length, "link", target, "user");
      else quill.insertText(linked.index, typed, "link", target, "user");
      quill.setSelection(linked.index + (linked.length || typed.length), 0, "user");
      linked = null;
    };
    address.querySelector("input").addEventListener("keydown", (event) => {
      if (event.key === "Enter") { event.preventDefault(); event.stopPropagation(); setLink(); }
      if (event.key === "Escape") { address.hidden = true; quill.focus(); }
    });
  }
})();
