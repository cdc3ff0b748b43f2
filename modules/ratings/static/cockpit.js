// The button that prints the cockpit on one page.
document.querySelectorAll("[data-print]").forEach((b) => b.addEventListener("click", () => window.print()));
