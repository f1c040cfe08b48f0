// What happened, newest first, and whose doing it was.
import { useQuery, useSuspenseInfiniteQuery } from '@tanstack/react-query';
import { destinationsQuery, projectEventsQuery } from '@/api/queries';
import type { Project } from '@/api/types';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { EventRow } from '@/features/activity/EventRow';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';
import { asTold } from '@/words/events';

export function EventTimeline({ project }: { project: Project }) {
  return (
    <Panel title="What happened" resetKeys={[project.id]} fallback={<SkeletonRows rows={4} height="h-10" />}>
      <Events project={project.id} />
    </Panel>
  );
}

function Events({ project }: { project: string }) {
  const events = useSuspenseInfiniteQuery(projectEventsQuery(project));
  // For their names alone: what happened can be told without.
  const destinations = useQuery({ ...destinationsQuery(project), throwOnError: false }).data;
  const names = (id: string) => destinations?.find((each) => each.id === id)?.name;
  const items = asTold(events.data.pages.flatMap((page) => page.items));
  if (items.length === 0) return <Empty title="Nothing yet">Connections, drops and recoveries are written down here, with whose doing it was.</Empty>;
  return (
    <>
      <ol className="px-4 py-2">
        {items.map((event) => (
          <EventRow key={event.id} event={event} names={names} />
        ))}
      </ol>
      {events.hasNextPage && (
        <div className="border-t border-line p-2">
          <Button kind="quiet" size="small" busy={events.isFetchingNextPage} onClick={() => void events.fetchNextPage()}>
            Earlier
          </Button>
        </div>
      )}
    </>
  );
}
