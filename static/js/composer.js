// The composer's conveniences. Every one of them has a way without scripts.
(() => {
  // What is done as one writes needs no button.
  for (const button of document.querySelectorAll("[data-without-scripts]")) button.hidden = true;

  // The check of a letter is told the names of its files, not their contents.
  document.addEventListener("htmx:configRequest", (event) => {
    const form = event.detail.elt.matches(".check") && event.detail.elt.closest("form");
    if (!form) return;
    for (const input of form.querySelectorAll("input[type=file]")) {
      for (const file of input.files) event.detail.parameters.append("names", file.name);
    }
  });

  // "Reply to all" ticks everybody who stands there; without scripts each is ticked by hand.
  for (const button of document.querySelectorAll("[data-tick]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const boxes = [...button.parentElement.querySelectorAll(`input[name="${button.dataset.tick}"]`)];
      for (const box of boxes) box.checked = true;
      button.hidden = true;
      boxes[0]?.focus();
    });
  }

  // Files: how large they are together, said as they are chosen; too large a letter is not even tried.
  for (const input of document.querySelectorAll("input[type=file][data-most]")) {
    const form = input.form;
    const total = form.querySelector("[data-total]");
    const megabytes = new Intl.NumberFormat(document.documentElement.lang, { maximumFractionDigits: 1 });
    const count = () => {
      const kept = [...form.querySelectorAll("[data-size]:checked")].map((box) => Number(box.dataset.size));
      const sizes = [...kept, ...[...input.files].map((file) => file.size)];
      const sum = sizes.reduce((all, size) => all + size, 0);
      const isTooLarge = sum > Number(input.dataset.most);
      input.setCustomValidity(isTooLarge ? input.dataset.tooLarge : "");
      total.textContent = sizes.length ? `${total.dataset.total} ${megabytes.format(sum / 2 ** 20)} MB. ${isTooLarge ? input.dataset.tooLarge : ""}` : "";
      total.dataset.state = isTooLarge ? "wrong" : "";
    };
    form.addEventListener("change", count);
    count();
  }

  // Taking back: the seconds count down; when they are over, there is nothing to press.
  for (const place of document.querySelectorAll("[data-countdown]")) {
    const end = performance.now() + Number(place.dataset.countdown) * 1000;
    const words = place.textContent;
    const tick = setInterval(() => {
      const left = Math.ceil((end - performance.now()) / 1000);
      place.textContent = left > 0 ? words.replace(/\d+/, left) : place.dataset.over;
      if (left > 0) return;
      clearInterval(tick);
      const around = place.closest("form[data-undo], .entry__foot, .mail");
      const button = around?.querySelector(around.matches("form") ? "button" : "[data-undo] button");
      if (button) button.hidden = true;
    }, 250);
  }
})();
