// The line while nobody sends: nobody yet, or somebody with a wrong key. It is said as it happens.
import { useQuery } from '@tanstack/react-query';
import { rejectionsQuery } from '@/api/queries';
import type { Event, Project } from '@/api/types';
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
  const events = useQuery(rejectionsQuery).data;
  const now = useNow(10);
  // A wrong key belongs to no project; it is news to all that wait.
  const last = events?.find(({ project_id, time }) => (!project_id || project_id === project.id) && now - Date.parse(time) < RECENT_MS);
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3" data-tone={last ? 'warn' : 'info'}>
      <p role="status" className="flex min-w-0 flex-1 basis-64 items-start gap-2.5">
        <span className="relative mt-1 flex-none text-(--tone)">
          {last ? <StateSign sign="alert" size={16} /> : <span className="block size-2.5 animate-[pulse_2s_infinite] rounded-full bg-current" aria-hidden />}
        </span>
        {last ? <Refused event={last} /> : <span>Nobody is connected yet. This page notices by itself.</span>}
      </p>
      <TestPattern project={project.id} destinations={project.live.outputs.total} />
    </div>
  );
}

function Refused({ event: { time, data } }: { event: Event }) {
  const reason = String(data.reason ?? 'unknown_key');
  const times = Number(data.attempts ?? 1);
  return (
    <span>
      <strong className="font-semibold">{reason === 'unknown_key' ? 'A wrong key was tried' : 'An encoder was turned away'}</strong> from{' '}
      <Private>{String(data.from ?? 'somewhere')}</Private>, <Ago at={time} />
      {times > 1 && ` (${times} times)`}.<span className="block text-sm text-soft">{sentence(REFUSALS[reason] ?? reason)}</span>
    </span>
  );
}
