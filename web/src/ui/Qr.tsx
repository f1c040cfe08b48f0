// A QR code, black on white whatever the theme: cameras want it so.
import { generate } from 'lean-qr';
import { useEffect, useRef } from 'react';

export function Qr({ text, label }: { text: string; label: string }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    if (canvas.current) generate(text).toCanvas(canvas.current, { on: [0, 0, 0, 255], off: [255, 255, 255, 255] });
  }, [text]);
  return <canvas ref={canvas} role="img" aria-label={label} className="size-full [image-rendering:pixelated]" />;
}
