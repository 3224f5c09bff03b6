// Files leave for the server while the letter is written: dropped on it, pasted, or chosen. Without scripts they go with it.
(() => {
  for (const form of document.querySelectorAll("form[data-uploads]")) {
    const input = form.querySelector("input[type=file]");
    const told = form.querySelector("[data-uploading]");
    const kept = form.querySelector("[data-kept-files]");
    let busy = 0;
    form.querySelector("[data-drop-hint]").hidden = false;

    const room = () => {
      const taken = [...kept.querySelectorAll("[data-size]:checked")].reduce((all, box) => all + Number(box.dataset.size), 0);
      return Number(input.dataset.most) - taken;
    };
    const line = (name) => {
      const place = document.createElement("p");
      const bar = document.createElement("progress");
      bar.max = 1;
      bar.value = 0;
      bar.setAttribute("aria-label", name);
      const words = document.createElement("span");
      words.textContent = name;
      place.append(words, " ", bar);
      told.append(place);
      const fail = (why) => {
        bar.remove();
        place.dataset.state = "wrong";
        words.textContent = `${name}: ${why}`;
      };
      return { place, bar, fail };
    };
    const send = (file) => {
      const { place, bar, fail } = line(file.name);
      if (file.size > room()) { fail(input.dataset.tooLarge); return; }
      const body = new FormData();
      body.append("attachments", file, file.name);
      for (const box of kept.querySelectorAll("[name=kept]:checked")) body.append("kept", box.value);
      body.append("csrfmiddlewaretoken", form.elements.csrfmiddlewaretoken.value);
      const request = new XMLHttpRequest();
      request.open("POST", form.dataset.uploads);
      request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) bar.value = event.loaded / event.total; });
      request.addEventListener("load", () => {
        if (request.status === 200 && !request.responseURL.includes("sign-in")) {
          kept.insertAdjacentHTML("beforeend", request.responseText);
          place.remove();
          form.dispatchEvent(new Event("change", { bubbles: true }));
        } else fail(request.status === 422 ? request.responseText : told.dataset.failed);
      });
      request.addEventListener("error", () => fail(told.dataset.failed));
      request.addEventListener("loadend", () => { busy -= 1; });
      busy += 1;
      request.send(body);
    };

    input.addEventListener("change", (event) => {
      const chosen = [...input.files];
      if (!chosen.length) return;
      event.stopPropagation(); // what counts the files sees them when they are here
      input.value = "";
      chosen.forEach(send);
    });
    form.addEventListener("dragover", (event) => {
      if (![...event.dataTransfer.types].includes("Files")) return;
      event.preventDefault();
      form.dataset.dropping = "";
    });
    form.addEventListener("dragleave", (event) => { if (!form.contains(event.relatedTarget)) delete form.dataset.dropping; });
    form.addEventListener("drop", (event) => {
      delete form.dataset.dropping;
      if (!event.dataTransfer.files.length) return;
      event.preventDefault();
      event.stopPropagation();
      [...event.dataTransfer.files].forEach(send);
    }, true);
    // A picture from the clipboard; where words come with it (Word adds a picture of them) only the words are meant.
    form.addEventListener("paste", (event) => {
      const { files, types } = event.clipboardData;
      if (!files.length || types.includes("text/plain")) return;
      event.preventDefault();
      event.stopPropagation();
      [...files].forEach(send);
    }, true);
    form.addEventListener("submit", (event) => {
      if (!busy) return;
      event.preventDefault();
      const words = document.createElement("p");
      words.textContent = told.dataset.busy;
      told.append(words);
      setTimeout(() => words.remove(), 5000);
    });
  }
})();
