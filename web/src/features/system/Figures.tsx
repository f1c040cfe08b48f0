// What the server carries now.
import { useSuspenseQuery } from '@tanstack/react-query';
import { systemQuery } from '@/api/queries';
import type { ReactNode } from 'react';
import { useNow } from '@/ui/clock';
import { bytes, span } from '@/words/format';

/** The machine's own load is in no event; it is asked for while somebody looks. */
const ASK_MS = 10_000;

type Fact = [label: string, value: ReactNode, under?: string];

export function Figures() {
  const system = useSuspenseQuery({ ...systemQuery, refetchInterval: ASK_MS }).data;
  const { database } = system;
  const facts: Fact[] = [
    ['On the air', system.streams_live, `${system.publishers} encoders`],
    ['Sending to', system.outputs_sending, 'destinations'],
    ['Viewers', system.hls_viewers, `and ${system.players} over RTMP`],
    ['Memory', bytes(system.memory_bytes)],
    ['Database', database.kind, `${database.open - database.idle} of ${database.max} busy`],
    ['Projects', system.projects],
    ['Up for', <Up key="up" since={system.started_at} />, system.phase],
    ['Version', system.version, system.node_id],
  ];
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-b-panel bg-line sm:grid-cols-3">
      {facts.map(([label, value, under]) => (
        <div key={label} className="bg-panel px-4 py-3 max-sm:odd:last:col-span-2">
          <dt className="engraved">{label}</dt>
          <dd>
            <span className="figure block text-xl leading-tight font-medium">{value}</span>
            <span className="block min-h-5 truncate text-[0.82rem] text-faint">{under}</span>
          </dd>
        </div>
      ))}
      {facts.length % 3 === 1 && <div className="hidden bg-panel sm:col-span-2 sm:block" aria-hidden />}
      {facts.length % 3 === 2 && <div className="hidden bg-panel sm:block" aria-hidden />}
    </dl>
  );
}

function Up({ since }: { since: string }) {
  return <>{span((useNow() - Date.parse(since)) / 1000)}</>;
}
