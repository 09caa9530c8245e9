// <… data-live data-news="id">: what the part says in one sentence ([data-says]) is read out when it changes.
for (const part of document.querySelectorAll("[data-live][data-news]")) {
  const says = () => part.querySelector("[data-says]")?.textContent.trim().replace(/\s+/g, " ") || "";
  let before = says();
  part.addEventListener("refreshed", () => {
    if (says() !== before) document.getElementById(part.dataset.news).textContent = before = says();
  });
}
