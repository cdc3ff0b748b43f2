// Check in, finish or no-show with one press; the page is read again afterwards.
(function () {
  "use strict";
  document.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-do]");
    if (!button) return;
    button.disabled = true;
    try {
      await PK.api("POST", button.dataset.do, {});
      location.reload();
    } catch (error) {
      button.disabled = false;
      PK.toast(error.message, "danger");
    }
  });
})();
