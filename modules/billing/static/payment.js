/* Payment entry: ticks fill amounts, a rule fills them all, the running difference shows what becomes an advance. Amounts are
   whole fen (BigInt), never floats. */
(function () {
  "use strict";
  const form = document.querySelector(".bl-pay");
  if (!form) return;
  const firm = form.querySelector("#firm"), amount = form.querySelector("#amount");
  const inputs = [...form.querySelectorAll("[data-bill]")];
  const fen = (text) => {
    const found = /^(-?)(\d*)(?:\.(\d{0,2}))?$/.exec((text || "").replace(/[,，\s]/g, ""));
    return found && (found[2] || found[3]) ? BigInt((found[1] || "") + (found[2] || "0") + (found[3] || "").padEnd(2, "0")) : 0n;
  };
  const yuan = (n) => {
    const digits = (n < 0n ? -n : n).toString().padStart(3, "0");
    return (n < 0n ? "-" : "") + digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",") + "." + digits.slice(-2);
  };
  const tick = (input) => form.querySelector(`[data-tick="${input.dataset.bill}"]`);
  function sums() {
    const got = fen(amount.value), used = inputs.reduce((sum, i) => sum + fen(i.value), 0n);
    const put = (name, value, bad) => {
      const host = form.querySelector(`[data-sum="${name}"]`);
      if (host) { host.textContent = yuan(value); host.classList.toggle("bl-bad", Boolean(bad)); }
    };
    put("amount", got); put("used", used); put("rest", got - used, got < used);
    inputs.forEach((i) => { i.classList.toggle("is-invalid", fen(i.value) > fen(i.dataset.open)); tick(i).checked = fen(i.value) > 0n; });
  }
  function take(input, on) {
    if (!on) { input.value = ""; return; }
    const others = inputs.reduce((sum, i) => sum + (i === input ? 0n : fen(i.value)), 0n);
    const open = fen(input.dataset.open), left = fen(amount.value) - others;
    input.value = yuan(fen(amount.value) && left > 0n && left < open ? left : open);
  }
  firm.addEventListener("change", () => {
    const target = new URL("/billing/payment/", location.origin);
    if (firm.value) target.searchParams.set("firm", firm.value);
    form.removeAttribute("data-guard");
    location.assign(target);
  });
  inputs.forEach((input) => {
    input.addEventListener("input", sums);
    tick(input).addEventListener("change", (event) => { take(input, event.target.checked); sums(); });
  });
  form.querySelector("#all")?.addEventListener("change", (event) => { inputs.forEach((i) => take(i, false)); if (event.target.checked) inputs.forEach((i) => take(i, true)); sums(); });
  form.querySelector("#clear")?.addEventListener("click", () => { inputs.forEach((i) => take(i, false)); sums(); });
  form.querySelector("#fill")?.addEventListener("click", async () => {
    const asked = new URLSearchParams({ firm: firm.value, amount: amount.value.replace(/[,，\s]/g, ""), on: form.querySelector("#received_on").value, rule: form.querySelector("#rule").value });
    try {
      const answer = await window.PK.api("GET", "/billing/payment/plan?" + asked);
      inputs.forEach((i) => { const share = answer.shares.find((s) => String(s.bill) === i.dataset.bill); i.value = share && fen(share.amount) ? yuan(fen(share.amount)) : ""; });
      sums();
    } catch (error) { window.PK.toast(error.message, "danger"); }
  });
  amount.addEventListener("input", sums);
  if (!amount.value && inputs.some((i) => i.value)) amount.value = yuan(inputs.reduce((sum, i) => sum + fen(i.value), 0n));
  sums();
})();
