// The live room. On a phone the order is: state, destinations, picture, signal.
import { useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query';
import { destinationsQuery, projectQuery } from '@/api/queries';
import { belowRoom } from '@/app/early';
import { Encoder } from '@/app/pages';
import { DestinationList } from '@/features/project/DestinationList';
import { EventTimeline } from '@/features/project/EventTimeline';
import { HealthPanel } from '@/features/project/HealthPanel';
import { ProjectTabs } from '@/features/project/ProjectTabs';
import { SignalPath } from '@/features/project/SignalPath';
import { StreamControls } from '@/features/project/StreamControls';
import { StreamPreview } from '@/features/project/StreamPreview';
import { Boundary } from '@/ui/Boundary';
import { Skeleton } from '@/ui/Skeleton';
import { useLater } from '@/ui/useLater';
import { isWaiting } from '@/words/states';

export default function ProjectPage({ id }: { id: string }) {
  const project = useSuspenseQuery(projectQuery(id)).data;
  const destinations = useQuery({ ...destinationsQuery(id), throwOnError: false }).data;
  const sending = destinations?.filter(({ output }) => output.state === 'sending').map(({ name }) => name) ?? [];
  const waits = isWaiting(project.live.state);
  const client = useQueryClient();
  const late = useLater(() => belowRoom(client, id));
  const encoder = (
    <Boundary name="Encoder" fallback={<EncoderSoon open={waits || project.live.test_pattern} />} resetKeys={[id]}>
      <Encoder project={project} />
    </Boundary>
  );
  return (
    <>
      <Boundary name="What acts on the whole show" fallback={<Skeleton className="mb-4 h-16" />} resetKeys={[id]}>
        <StreamControls project={project} platforms={sending} />
      </Boundary>
      <ProjectTabs id={id} />
      <div className="mb-4">
        <Boundary name="The signal path" fallback={<Skeleton className="h-[98px]" />} resetKeys={[id]}>
          <SignalPath project={project} />
        </Boundary>
      </div>
      <div aria-busy={!late} className="grid grid-cols-1 items-start gap-4 lg:grid-cols-[minmax(0,7fr)_minmax(22rem,5fr)]">
        <div className="contents lg:grid lg:gap-4">
          {waits && <div className="order-first">{encoder}</div>}
          <div className="order-2">
            <StreamPreview project={project} />
          </div>
          {late && (
            <div className="order-3">
              <HealthPanel project={project} />
            </div>
          )}
          {!waits && late && <div className="order-4">{encoder}</div>}
        </div>
        <div className="contents lg:grid lg:gap-4">
          <div className="order-1">
            <DestinationList project={project} />
          </div>
          {late && (
            <div className="order-5">
              <EventTimeline project={project} />
            </div>
          )}
        </div>
      </div>
    </>
  );
}

/** As tall as what comes: the ways to send, or one line that opens them. */
function EncoderSoon({ open }: { open: boolean }) {
  return <Skeleton className={open ? 'h-[583px] sm:h-[438px]' : 'h-24'} />;
}
