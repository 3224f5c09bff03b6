// Ticking many rows of the queue. Without this file the boxes are ticked one by one.
(() => {
  const TICK = ".ticket-row__tick input";
  const ticks = () => [...document.querySelectorAll(TICK)];
  let last = null; // the box that a range begins at

  function count() {
    const output = document.querySelector("[data-bulk-count]");
    if (output) output.textContent = ticks().filter((one) => one.checked).length;
  }
  document.addEventListener("click", (event) => {
    const box = event.target.closest(TICK);
    if (!box) return;
    const all = ticks();
    const from = all.indexOf(last);
    if (event.shiftKey && from >= 0 && last !== box) {
      const [first, end] = [from, all.indexOf(box)].sort((a, b) => a - b);
      for (const one of all.slice(first, end + 1)) one.checked = box.checked;
    }
    last = box;
    count();
  });
  // Enter on a box or in a reason does nothing: which of the acts was meant, nobody can tell.
  document.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches(`${TICK}, #bulk input`)) event.preventDefault();
  });
  document.addEventListener("reset", (event) => { if (event.target.id === "bulk") setTimeout(count); });
  // While rows are ticked the list stands still: nothing that was chosen or typed is swapped away.
  document.addEventListener("htmx:beforeRequest", (event) => {
    if (event.detail.elt.id === "list" && ticks().some((one) => one.checked)) event.preventDefault();
  });
  addEventListener("pageshow", count); // a browser that goes back ticks the boxes anew
})();
