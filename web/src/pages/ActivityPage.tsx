// Everything that happened, with the filter in the address, so that it can be sent to somebody.
import { useSuspenseInfiniteQuery, useSuspenseQuery } from '@tanstack/react-query';
import { Link, useSearchParams } from 'wouter';
import { activityQuery, type EventFilter, projectsQuery } from '@/api/queries';
import { EventRow } from '@/features/activity/EventRow';
import { Boundary } from '@/ui/Boundary';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { PageHead } from '@/ui/PageHead';
import { SkeletonRows } from '@/ui/Skeleton';
import { asTold } from '@/words/events';

const TYPES: [string, string][] = [
  ['', 'Everything'],
  ['ingest.rejected', 'Turned away'],
  ['ingest.interrupted', 'Encoder dropped'],
  ['stream.started', 'Shows begun'],
  ['stream.ended', 'Shows ended'],
  ['output.state', 'Destinations'],
  ['health.changed', 'Signal'],
  ['stream_key.revealed', 'Keys shown'],
  ['user.signed_in', 'Sign-ins'],
];

export default function ActivityPage() {
  const projects = useSuspenseQuery(projectsQuery).data;
  const [search, setSearch] = useSearchParams();
  const filter: EventFilter = {};
  for (const key of ['project_id', 'type'] as const) {
    const value = search.get(key);
    if (value) filter[key] = value;
  }
  const set = (key: string) => (event: { target: { value: string } }) => {
    const next = new URLSearchParams(search);
    if (event.target.value) next.set(key, event.target.value);
    else next.delete(key);
    setSearch(next);
  };
  return (
    <>
      <PageHead
        title="Activity"
        actions={
          <>
            <select className="input w-44" aria-label="Project" value={filter.project_id ?? ''} onChange={set('project_id')}>
              <option value="">All projects</option>
              {projects.map(({ id, name }) => (
                <option key={id} value={id}>
                  {name}
                </option>
              ))}
            </select>
            <select className="input w-44" aria-label="Kind" value={filter.type ?? ''} onChange={set('type')}>
              {TYPES.map(([value, label]) => (
                <option key={value} value={value}>
                  {label}
                </option>
              ))}
            </select>
          </>
        }
      />
      <div className="panel">
        <Boundary name="Activity" fallback={<SkeletonRows rows={6} height="h-10" />} resetKeys={[search.toString()]}>
          <Events filter={filter} names={new Map(projects.map(({ id, name }) => [id, name]))} />
        </Boundary>
      </div>
    </>
  );
}

function Events({ filter, names }: { filter: EventFilter; names: Map<string, string> }) {
  const events = useSuspenseInfiniteQuery(activityQuery(filter));
  const items = asTold(events.data.pages.flatMap((page) => page.items));
  if (items.length === 0) return <Empty title="Nothing of this kind has happened" />;
  return (
    <>
      <ol className="px-4 py-3">
        {items.map((event) => {
          const project = event.project_id ? names.get(event.project_id) : undefined;
          return (
            <EventRow key={event.id} event={event} dated>
              {project && !filter.project_id && (
                <Link href={`/projects/${event.project_id}`} className="ml-2 text-sm text-faint hover:text-ink">
                  {project}
                </Link>
              )}
            </EventRow>
          );
        })}
      </ol>
      {events.hasNextPage && (
        <div className="border-t border-line p-2">
          <Button kind="quiet" busy={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
            Earlier
          </Button>
        </div>
      )}
    </>
  );
}
