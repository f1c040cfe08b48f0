// Where a person was on the page before a menu or a dialog came. Most dialogs here have no button of their own to go back to:
// what opens them is a row, a key or an entry of a menu that is gone by then.
let last: HTMLElement | null = null;

addEventListener('focusin', ({ target }) => {
  if (target instanceof HTMLElement && !target.closest('[role="dialog"], [role="alertdialog"], [role="menu"]')) last = target;
});

/** Puts the focus back there, or at the beginning of the page where that is gone: now, or with the row that a person deleted. */
export function focusLast(): void {
  const page = document.getElementById('page');
  const there = last?.isConnected ? last : page;
  there?.focus({ preventScroll: true });
  if (!page || !there || there === page) return;
  const watch = new MutationObserver(() => {
    if (there.isConnected) return;
    watch.disconnect();
    page.focus({ preventScroll: true });
  });
  watch.observe(page, { childList: true, subtree: true });
  // Whoever goes elsewhere meanwhile stays there.
  addEventListener('focusin', () => watch.disconnect(), { once: true });
}
