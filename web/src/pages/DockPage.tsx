// The dock: a narrow page without a frame, to stand inside OBS. State, switches, nothing else, and no picture.
import { useSuspenseQuery } from '@tanstack/react-query';
import { useCallback } from 'react';
import { destinationsQuery, projectQuery } from '@/api/queries';
import { useCan } from '@/app/can';
import { LostBanner } from '@/app/LostBanner';
import { DockRow } from '@/features/dock/DockRow';
import { useSwitch } from '@/features/project/useSwitch';
import { samples } from '@/live/samples';
import { useTitle } from '@/ui/PageHead';
import { Readout } from '@/ui/Readout';
import { Tally } from '@/ui/Tally';
import { bitrate } from '@/words/format';

export default function DockPage({ id }: { id: string }) {
  const project = useSuspenseQuery(projectQuery(id)).data;
  const destinations = useSuspenseQuery(destinationsQuery(id)).data;
  const { mutate } = useSwitch(id);
  const { act } = useCan();
  const onSwitch = useCallback((destination: string, enabled: boolean) => mutate({ id: destination, enabled }), [mutate]);
  useTitle(project.name);
  return (
    <>
      <LostBanner />
      <main className="p-3">
        <h1 className="truncate text-sm font-semibold text-soft">{project.name}</h1>
        <div className="mt-2 mb-3 flex flex-wrap items-center gap-x-4 gap-y-2">
          <Tally live={project.live} />
          <p className="text-sm">
            <Readout of={id} className="font-medium" say={() => bitrate(samples.project(id)?.figures.bitrate_bits ?? project.live.bitrate_bits)} />
            <span className="text-faint"> in</span>
          </p>
        </div>
        {destinations.length === 0 ? (
          <p className="text-sm text-soft">No destination yet.</p>
        ) : (
          <ul className="panel rows overflow-hidden">
            {destinations.map((destination) => (
              <DockRow key={destination.id} destination={destination} act={act && !project.declared} onSwitch={onSwitch} />
            ))}
          </ul>
        )}
      </main>
    </>
  );
}
