// The question before footage: a number key chooses, Enter continues, and a link to a frame
// (`#f=337`), which browsers do not send with a form, is carried over.

const form = document.getElementById("why");
const chosen = () => form.querySelector("input[name=purpose]:checked");

if (location.hash) form.action += location.hash;
(chosen() ? document.getElementById("continue") : document.getElementById("purpose-1")).focus({ preventScroll: true });

document.addEventListener("keydown", (event) => {
  if (event.target.id === "note" || event.target.type === "search" || event.ctrlKey || event.metaKey || event.altKey) return;
  const radio = document.getElementById(`purpose-${event.key}`);
  if (!radio) return;
  event.preventDefault();
  radio.checked = true;
  radio.focus();
});
