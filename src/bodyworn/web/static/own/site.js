// Every page with somebody signed in: `/` goes to the search box, as the hint in it says.

const search = document.getElementById("search");

function isTyping(target) {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName));
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
  if (localStorage.getItem("keys-off") === "1") return; // see review/keys.js
  event.preventDefault();
  search.focus();
  search.select();
});

search?.addEventListener("keydown", (event) => {
  if (event.key === "Escape") search.blur();
});
