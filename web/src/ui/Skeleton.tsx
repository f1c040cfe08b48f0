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
