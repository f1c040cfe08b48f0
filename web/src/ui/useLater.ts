// For what stands below the fold: it is drawn when the page's first picture is on the screen, and what it needs is there.
import { startTransition, useEffect, useState } from 'react';
import { afterPaint } from './afterPaint';

/** Whether it is time. `need` brings what is needed, is asked once, and does not fail. */
export function useLater(need: () => Promise<unknown>): boolean {
  const [late, setLate] = useState(false);
  useEffect(() => {
    let left = false;
    const cancel = afterPaint(() => void need().then(() => left || startTransition(() => setLate(true))));
    return () => {
      left = true;
      cancel();
    };
    // oxlint-disable-next-line react/exhaustive-deps -- once for each page
  }, []);
  return late;
}
