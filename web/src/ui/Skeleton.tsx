// What stands where something is about to be: the same size, so that nothing jumps, and not seen in the first 200 ms.
import type { ReactNode } from 'react';

export function Skeleton({ className = '' }: { className?: string }) {
  return <div className={`skeleton ${className}`} aria-hidden />;
}

/** The whole of a loading part; says once, to a screen reader, that it is loading. */
export function Loading({ children, label = 'Loading' }: { children: ReactNode; label?: string }) {
  return (
    <div role="status" aria-busy>
      <span className="sr-only">{label}…</span>
      {children}
    </div>
  );
}

export function SkeletonRows({ rows = 3, height = 'h-14' }: { rows?: number; height?: string }) {
  return (
    <Loading>
      <div className="grid gap-3 p-4">
        {Array.from({ length: rows }, (_, index) => (
          <Skeleton key={index} className={height} />
        ))}
      </div>
    </Loading>
  );
}

/** Figures under their labels, in the grid that they will stand in. */
export function SkeletonTiles({ tiles, className }: { tiles: number; className: string }) {
  return (
    <Loading>
      <div className={`grid grid-cols-2 gap-px overflow-hidden bg-line ${className}`} aria-hidden>
        {Array.from({ length: tiles }, (_, index) => (
          <div key={index} className="bg-panel px-4 py-3">
            <p className="engraved">&nbsp;</p>
            <Skeleton className="h-[1.5625rem] w-24" />
            <p className="min-h-5 text-[0.82rem]">&nbsp;</p>
          </div>
        ))}
      </div>
    </Loading>
  );
}

/** A whole page: a heading, and two panels below it. */
export function SkeletonPage() {
  return (
    <Loading label="Loading the page">
      <div className="grid gap-5">
        <Skeleton className="h-9 w-64" />
        <Skeleton className="h-40" />
        <Skeleton className="h-64" />
      </div>
    </Loading>
  );
}
