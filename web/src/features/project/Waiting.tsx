// The line while nobody sends: nobody yet, or somebody with a wrong key. It is said as it happens.
import { useQuery } from '@tanstack/react-query';
import { ingestQuery } from '@/api/queries';
import type { Ingest, Project } from '@/api/types';
import { Private } from '@/app/Private';
import { TestPattern } from '@/features/overview/TestPattern';
import { useNow } from '@/ui/clock';
import { StateSign } from '@/ui/State';
import { Ago } from '@/ui/Time';
import { sentence } from '@/words/format';
import { REFUSALS } from '@/words/states';

/** A try that is older has nothing to do with what somebody is doing now. */
const RECENT_MS = 15 * 60_000;

export function Waiting({ project }: { project: Project }) {
  const refused = useQuery({ ...ingestQuery(project.id), throwOnError: false }).data?.refused;
  const now = useNow(10);
  const last = refused?.find(({ at }) => now - Date.parse(at) < RECENT_MS);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3" data-tone={last ? 'warn' : 'info'}>
      <div className="flex min-w-0 flex-1 basis-64 items-start gap-2.5">
        <span className="relative mt-1 flex-none text-(--tone)">
          {last ? <StateSign sign="alert" size={16} /> : <span className="block size-2.5 animate-[pulse_2s_infinite] rounded-full bg-current" aria-hidden />}
        </span>
        <div>
          <p role="status">{last ? <Refused refused={last} /> : 'Nobody is connected yet. This page notices by itself.'}</p>
          {/* A time that runs would be read out every second. */}
          {last && (
            <p className="text-sm text-faint">
              <Ago at={last.at} />
            </p>
          )}
        </div>
      </div>
      <TestPattern project={project.id} destinations={project.live.outputs.total} />
    </div>
  );
}

function Refused({ refused: { why, from, times } }: { refused: Ingest['refused'][number] }) {
  const reason = why ?? 'unknown_key';
  return (
    <>
      <strong className="font-semibold">{reason === 'unknown_key' ? 'A wrong key was tried' : 'An encoder was turned away'}</strong> from{' '}
      <Private>{from ?? 'somewhere'}</Private>
      {times > 1 && ` (${times} times)`}.<span className="block text-sm text-soft">{sentence(REFUSALS[reason] ?? reason)}</span>
    </>
  );
}
