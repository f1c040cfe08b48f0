// Copying, also where the browser has no clipboard for us: over plain http at any name but localhost.

export async function copyText(text: string): Promise<boolean> {
  try {
    if (navigator.clipboard) {
      await navigator.clipboard.writeText(text);
      return true;
    }
  } catch {
    // Refused by the browser's policy: the old way may still work.
  }
  return copyBySelection(text);
}

function copyBySelection(text: string): boolean {
  // Inside an open dialog, because its focus trap would take the selection away from anything outside.
  const host = document.querySelector('[role="dialog"],[role="alertdialog"]') ?? document.body;
  const area = document.createElement('textarea');
  area.value = text;
  area.readOnly = true;
  area.className = 'sr-only';
  const before = document.activeElement;
  host.append(area);
  area.focus();
  area.select();
  try {
    return document.execCommand('copy');
  } catch {
    return false;
  } finally {
    area.remove();
    if (before instanceof HTMLElement) before.focus();
  }
}
