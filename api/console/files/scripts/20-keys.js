// Keys: an element with data-key="x" is followed, pressed or focused by that key, while nobody
// writes. In a list with data-rows, j and k go from row to row (each row's first link), Enter opens.
const writes = (target) => target.matches("input, select, textarea, [contenteditable]");
const step = (by) => {
  const links = [...document.querySelectorAll("[data-rows] [data-row]")].filter((each) => each.checkVisibility());
  const place = links.indexOf(document.activeElement);
  const next = links[place < 0 ? (by > 0 ? 0 : links.length - 1) : place + by];
  next?.focus();
  next?.scrollIntoView({block: "nearest"});
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.key === "Escape" && writes(event.target)) return event.target.blur();
  if (writes(event.target)) return;
  if (event.key === "j" || event.key === "k") return step(event.key === "j" ? 1 : -1);
  if (!/^[a-z?/]$/.test(event.key)) return;
  const found = document.querySelector(`[data-key="${event.key}"]`);
  if (!found) return;
  event.preventDefault();
  if (writes(found)) found.focus(); else found.click();
});
