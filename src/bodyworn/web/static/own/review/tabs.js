// Tabs after the WAI-ARIA pattern: arrows move, the chosen panel is shown.

const tabs = [...document.querySelectorAll(".tab-list [role=tab]")];

export function choose(tab, { focus = true } = {}) {
  for (const one of tabs) {
    const chosen = one === tab;
    one.setAttribute("aria-selected", String(chosen));
    one.tabIndex = chosen ? 0 : -1;
    document.getElementById(one.getAttribute("aria-controls")).classList.toggle("is-shown", chosen);
  }
  if (focus) tab.focus();
}

for (const [index, tab] of tabs.entries()) {
  tab.addEventListener("click", () => choose(tab));
  tab.addEventListener("keydown", (event) => {
    const to = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: tabs.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    choose(tabs[(to + tabs.length) % tabs.length]);
  });
}

const named = location.hash && tabs.find((tab) => tab.getAttribute("aria-controls") === `panel-${location.hash.slice(1)}`);
if (named) choose(named, { focus: false });
