// The frame of the pages before one is signed in.
import type { ReactNode } from 'react';
import { Fan } from '@/ui/Fan';

const LINES = ['ok', 'ok', 'ok'] as const;

export function Door({ title, lead, children }: { title: string; lead?: ReactNode; children: ReactNode }) {
  return (
    <main className="mx-auto grid min-h-dvh w-full max-w-md content-center px-5 py-10">
      <div className="mb-6">
        <Fan source="ok" lines={[...LINES]} className="mb-5 -ml-1 h-12 w-32" />
        <h1 className="text-3xl font-semibold tracking-tight">{title}</h1>
        {lead && <div className="mt-2 text-soft">{lead}</div>}
      </div>
      {children}
    </main>
  );
}
