// The study list by keyboard, what is selected, and pictures that do not exist. Everything works without this, too.
const results = document.getElementById("results") ?? document.getElementById("content");
const search = document.getElementById("id_q");

const rows = () => [...document.querySelectorAll("tr.study")];
const picks = () => [...document.querySelectorAll("#selected input[name=study], #selected input[name=file]")];

// --- Selecting -------------------------------------------------------------------------------------------------

function showSelection() {
  const count = document.querySelector(".selected-count");
  if (!count) {
    return;
  }
  const boxes = picks();
  const picked = boxes.filter((box) => box.checked).length;
  count.textContent = picked ? count.dataset.some.replace("{count}", picked.toLocaleString(document.documentElement.lang))
    : count.dataset.none;
  document.querySelectorAll("[data-needs-selection]").forEach((button) => { button.disabled = picked === 0; });
  const all = document.getElementById("all");
  all.checked = picked > 0 && picked === boxes.length;
  all.indeterminate = picked > 0 && picked < boxes.length;
}

results.addEventListener("change", ({ target }) => {
  if (target.id === "all") {
    picks().forEach((box) => { box.checked = target.checked; });
  }
  showSelection();
});

// --- Moving by keyboard ----------------------------------------------------------------------------------------

function move(step) {
  const all = rows();
  const at = all.indexOf(document.activeElement.closest("tr.study"));
  const next = all[at < 0 ? (step > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + step, 0), all.length - 1)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}

const keys = {
  ArrowDown: () => move(1),
  ArrowUp: () => move(-1),
  j: () => move(1),
  k: () => move(-1),
  "/": () => search.select(),
};

const rowKeys = {
  Enter: (row) => location.assign(row.dataset.viewer),
  " ": (row) => row.querySelector("input[name=study]").click(),
};

// A key that types, chooses or scrolls somewhere else is left alone.
const isTaken = ({ target }) => target.closest("input:not([type=checkbox]), select, textarea, summary, dialog, [contenteditable]");

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !search) {
    return;
  }
  const isRow = event.target.matches("tr.study");
  const act = (isRow && rowKeys[event.key]) || (!isTaken(event) && keys[event.key])
    || (event.target === search && event.key === "ArrowDown" && keys.ArrowDown);
  if (act) {
    event.preventDefault();
    act(event.target);
  }
});

// --- The list in place -----------------------------------------------------------------------------------------

// An address that somebody keeps says only what was asked.
document.body.addEventListener("htmx:configRequest", ({ detail }) => {
  for (const [name, value] of [...detail.parameters.entries()]) {
    if (value === "" || (name === "sort" && value === "newest")) {
      detail.parameters.delete(name);
    }
  }
  if (detail.parameters.get("period") !== "range") {
    detail.parameters.delete("since");
    detail.parameters.delete("until");
  }
});

// The search box asks while one types; leaving it asks nothing new.
search?.addEventListener("change", (event) => event.stopPropagation());

// One row is in the order of the Tab key; from there the arrows lead.
function prepare() {
  rows()[0]?.setAttribute("tabindex", "0");
  showSelection();
}

document.body.addEventListener("htmx:afterSwap", prepare);
document.addEventListener("focusin", ({ target }) => {
  const row = target.closest?.("tr.study");
  if (row) {
    rows().forEach((other) => other.setAttribute("tabindex", other === row ? "0" : "-1"));
  }
});

document.querySelector("[data-dismiss-notice]")?.addEventListener("click", ({ target }) => {
  target.closest(".notice").remove();
  document.getElementById("content").focus();
});

// Not every series has a picture: its modality stands behind it.
document.addEventListener("error", ({ target }) => {
  if (target.matches?.("img.thumbnail")) {
    target.hidden = true;
  }
}, true);

document.documentElement.classList.add("with-script");
prepare();
