// What the server carries now, and what its machine has left for it.
import { useSuspenseQuery } from '@tanstack/react-query';
import { systemQuery } from '@/api/queries';
import type { System } from '@/api/types';
import type { ReactNode } from 'react';
import { useNow } from '@/ui/clock';
import { bytes, count, span, whole } from '@/words/format';
import type { Tone } from '@/words/states';

/** The machine's own load is in no event; it is asked for while somebody looks. */
const ASK_MS = 10_000;
/** From this share on it is said that something is scarce. */
const SCARCE = 0.85;

interface Fact {
  label: string;
  value: ReactNode;
  under?: string;
  tone?: Tone | undefined;
}

export function Figures() {
  const system = useSuspenseQuery({ ...systemQuery, refetchInterval: ASK_MS }).data;
  const { database } = system;
  const facts: Fact[] = [
    { label: 'On the air', value: system.streams_live, under: count(system.publishers, 'encoder') },
    { label: 'Sending to', value: system.outputs_sending, under: system.outputs_sending === 1 ? 'destination' : 'destinations' },
    { label: 'Viewers', value: system.hls_viewers, under: `and ${system.players} over RTMP` },
    { label: 'Projects', value: system.projects },
    ...machineFacts(system.machine),
    { label: 'Database', value: DATABASES[database.kind] ?? database.kind, under: `${database.open - database.idle} of ${database.max} busy` },
    { label: 'Up for', value: <Up since={system.started_at} />, under: system.phase },
    { label: 'Version', value: system.version },
    { label: 'Node', value: <span className="text-base break-all">{system.node_id}</span> },
  ];
  return (
    <dl className="grid grid-cols-2 gap-px overflow-hidden rounded-b-panel bg-line sm:grid-cols-3 lg:grid-cols-4">
      {facts.map(({ label, value, under, tone }) => (
        <div key={label} data-tone={tone} className="bg-panel px-4 py-3">
          <dt className="engraved">{label}</dt>
          <dd>
            <span className={`figure block text-xl leading-tight font-medium ${tone ? 'text-(--tone)' : ''}`}>{value}</span>
            <span className={`block min-h-5 text-[0.82rem] ${tone ? 'text-soft' : 'text-faint'}`}>{under}</span>
          </dd>
        </div>
      ))}
    </dl>
  );
}

const DATABASES: Partial<Record<string, string>> = { sqlite: 'SQLite', postgres: 'PostgreSQL' };

function machineFacts(machine: System['machine']): Fact[] {
  const { cpu_percent, cpus, memory_bytes, memory_total_bytes: memory, memory_available_bytes: available, disk } = machine;
  const { open_files, open_files_max } = machine;
  const busy = cpu_percent != null && cpu_percent > SCARCE * 100 * cpus;
  const tight = memory != null && available != null && available < (1 - SCARCE) * memory;
  const crowded = open_files != null && open_files_max != null && open_files > SCARCE * open_files_max;
  const most = open_files_max == null ? 'any number' : whole(open_files_max);
  const left = available == null ? 'of this process' : `${bytes(available)} free of ${bytes(memory)}`;
  return [
    {
      label: 'Processor',
      value: cpu_percent == null ? '–' : `${cpu_percent.toFixed(cpu_percent < 10 ? 1 : 0)} %`,
      under: busy ? `All ${cpus} cores are busy: fewer shows, or a larger machine` : `of one core; there ${cpus === 1 ? 'is 1' : `are ${cpus}`}`,
      tone: busy ? 'warn' : undefined,
    },
    { label: 'Memory', value: bytes(memory_bytes), under: tight ? `Little is left: ${left}` : left, tone: tight ? 'warn' : undefined },
    diskFact(disk),
    {
      label: 'Open files',
      value: open_files ?? '–',
      under: crowded ? `of ${most}, sockets too: raise the limit` : `of ${most}, sockets too`,
      tone: crowded ? 'warn' : undefined,
    },
  ];
}

function diskFact(disk: System['machine']['disk']): Fact {
  if (!disk) return { label: 'Free disk space', value: '–' };
  const of = `of ${bytes(disk.total_bytes)}`;
  const words = { ok: of, low: `${of}. Soon full: make room, or move data_dir`, full: `${of}. Full: nothing new can be kept` };
  const tones = { ok: undefined, low: 'warn', full: 'bad' } as const;
  return { label: 'Free disk space', value: bytes(disk.free_bytes), under: words[disk.state], tone: tones[disk.state] };
}

function Up({ since }: { since: string }) {
  return <>{span((useNow() - Date.parse(since)) / 1000)}</>;
}
