// For what may come a moment after the page: it runs when the next frame is on the screen. The answer takes it back.

/** A tab that nobody sees paints nothing, and is not waited for. */
const UNSEEN_MS = 1000;

export function afterPaint(run: () => void): () => void {
  let timer: ReturnType<typeof setTimeout> = setTimeout(() => {
    cancelAnimationFrame(frame);
    run();
  }, UNSEEN_MS);
  const frame = requestAnimationFrame(() => {
    clearTimeout(timer);
    timer = setTimeout(run);
  });
  return () => {
    cancelAnimationFrame(frame);
    clearTimeout(timer);
  };
}
