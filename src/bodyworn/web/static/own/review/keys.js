// The keyboard. Nothing is taken from somebody who types, and nothing from the browser's own keys.

const TYPES = /^(INPUT|TEXTAREA|SELECT)$/;
const PRESSES = /^(BUTTON|A|SUMMARY)$/; // these know what Space and Enter mean

/** Call `actions[name]` for keys; see pages/keys.html for what people are told. */
export function listen(actions, help) {
  const table = {
    ",": () => actions.step(-1),
    ".": () => actions.step(1),
    "<": () => actions.key(-1),
    ">": () => actions.key(1),
    " ": () => actions.toggle(),
    k: () => actions.toggle(),
    j: () => actions.shuttle(-1),
    l: () => actions.shuttle(1),
    ArrowLeft: (event) => actions.skip(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => actions.skip(event.shiftKey ? 10 : 1),
    PageUp: () => actions.skip(10),
    PageDown: () => actions.skip(-10),
    Home: () => actions.first(),
    End: () => actions.last(),
    "[": () => actions.marker(-1),
    "]": () => actions.marker(1),
    m: () => actions.mark(),
    "+": () => actions.zoom(1),
    "=": () => actions.zoom(1),
    "-": () => actions.zoom(-1),
    1: () => actions.tab(0),
    2: () => actions.tab(1),
    3: () => actions.tab(2),
    "?": () => help.showModal(),
  };
  document.addEventListener("keydown", (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || help.open) return;
    const target = event.target;
    if (target instanceof HTMLElement && (TYPES.test(target.tagName) || target.isContentEditable)) return;
    if (event.key === " " && PRESSES.test(target.tagName)) return;
    // Pages scroll by these keys; only on the timeline do they mean time.
    if (/^Page/.test(event.key) && target.getAttribute?.("role") !== "slider") return;
    const action = table[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (!action) return;
    event.preventDefault();
    action(event);
  });
  help.addEventListener("click", (event) => {
    if (event.target === help) help.close();
  });
}
