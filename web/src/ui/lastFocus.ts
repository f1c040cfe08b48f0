// Where a person was on the page before a menu or a dialog came. Most dialogs here have no button of their own to go back to:
// what opens them is a row, a key or an entry of a menu that is gone by then.
let last: HTMLElement | null = null;

addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement && !target.closest('[role="dialog"], [role="alertdialog"], [role="menu"]')) last = target;
});

/** Puts the focus back there, or at the beginning of the page where that is gone. */
export function focusLast(): void {
  const there = last?.isConnected ? last : document.getElementById('page');
  there?.focus({ preventScroll: true });
}
