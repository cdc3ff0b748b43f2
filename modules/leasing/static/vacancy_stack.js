// The list of buildings above the timeline leads to the chosen one.
(function () {
  "use strict";
  document.querySelector("[data-go]")?.addEventListener("change", (event) => location.assign(event.target.value));
})();
