// Light or dark, before the first paint: the reader's own choice, else the system's. Loaded blocking, in <head>.
(() => {
  const system = matchMedia("(prefers-color-scheme: dark)");
  const systemTheme = () => (system.matches ? "dark" : "light");
  const root = document.documentElement;

  const chosen = () => {
    try { return localStorage.getItem("theme"); } catch { return null; } // storage may be forbidden
  };
  const apply = () => {
    root.dataset.bsTheme = chosen() || systemTheme();
    const dark = String(root.dataset.bsTheme === "dark");
    for (const button of document.querySelectorAll("[data-theme-toggle]")) button.setAttribute("aria-pressed", dark);
  };

  apply();
  document.addEventListener("DOMContentLoaded", apply); // now the buttons exist
  system.addEventListener("change", apply);
  addEventListener("storage", apply); // chosen in another tab
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    const theme = root.dataset.bsTheme === "dark" ? "light" : "dark";
    try {
      // Back to what the system says is no choice at all: follow the system again.
      if (theme === systemTheme()) localStorage.removeItem("theme");
      else localStorage.setItem("theme", theme);
      apply();
    } catch {
      root.dataset.bsTheme = theme;
    }
  });
})();
