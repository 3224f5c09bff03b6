// Ready words picked by name stand at once where the cursor was; without scripts a button adds them at the end.
(() => {
  for (const place of document.querySelectorAll("[data-ready-words]")) {
    place.hidden = false;
    const input = place.querySelector("input");
    const names = () => [...input.list.options].map((option) => option.value);

    // A whole name was typed or picked; a part that fits one name only is enough for Enter.
    const fitting = () => {
      const typed = input.value.trim().toLowerCase();
      const whole = names().find((name) => name.toLowerCase() === typed);
      const partly = typed ? names().filter((name) => name.toLowerCase().includes(typed)) : [];
      return whole ?? (partly.length === 1 ? partly[0] : null);
    };
    const put = async (name) => {
      const address = new URL(place.dataset.readyWords, location);
      address.searchParams.set("item", name);
      for (const field of ["due_on", "expert"]) {
        const value = input.form.elements[field]?.value;
        if (value) address.searchParams.set(field, value);
      }
      const answer = await fetch(address, { headers: { Accept: "application/json" } });
      if (!answer.ok) return;
      const { text, macro } = await answer.json();
      input.value = "";
      if (macro) applyMacro(input.form, macro);
      document.dispatchEvent(new CustomEvent("words:insert", { detail: { into: place.dataset.into, text } }));
    };
    input.addEventListener("input", (event) => {
      input.setCustomValidity("");
      // Picked from the list: browsers say so, or give an event without a key pressed.
      if (names().includes(input.value) && event.inputType !== "insertText") put(input.value);
    });
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.ctrlKey || event.metaKey) return;
      event.preventDefault();
      const name = fitting();
      if (name) { put(name); return; }
      input.setCustomValidity(input.value.trim() ? input.dataset.none : "");
      input.reportValidity();
    });
    input.addEventListener("blur", () => input.setCustomValidity(""));
  }

  // What a macro does besides its text stands beside it, to be ticked off.
  function applyMacro(form, macro) {
    const place = form.querySelector("[data-macro]");
    if (!place) return;
    const box = place.querySelector("input");
    box.disabled = false;
    box.checked = true;
    box.value = macro.pk;
    place.querySelector("[data-macro-words]").textContent = macro.words;
    place.hidden = false;
    const substantive = form.elements.is_substantive;
    if (substantive && macro.is_substantive !== null) substantive.checked = macro.is_substantive;
  }
})();
