// The first page: what needs somebody, what is on the air, and everything else.
import { useSuspenseQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { projectsQuery } from '@/api/queries';
import { useCan } from '@/app/can';
import { LiveCard } from '@/features/overview/LiveCard';
import { ProjectRows } from '@/features/overview/ProjectRows';
import { inOrder, isOnAir, troubles } from '@/features/overview/problems';
import { TestPattern } from '@/features/overview/TestPattern';
import { Troubles } from '@/features/overview/Troubles';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { PageHead } from '@/ui/PageHead';
import { count } from '@/words/format';

const AddProject = lazy(() => import('@/features/overview/AddProject'));

export function OverviewPage() {
  const projects = inOrder(useSuspenseQuery(projectsQuery).data);
  const { act } = useCan();
  const [adding, setAdding] = useState(false);
  const live = projects.filter(isOnAir);
  const rest = projects.filter((each) => !isOnAir(each));
  const first = rest[0];
  return (
    <>
      <PageHead
        title="Overview"
        lead={lead(live.length, troubles(projects).length)}
        actions={
          <Button disabled={!act} onClick={() => setAdding(true)}>
            <Plus size={16} aria-hidden />
            New project
          </Button>
        }
      />
      <Troubles projects={projects} />
      {live.length > 0 && (
        <section aria-labelledby="on-air" className="mb-7">
          <h2 id="on-air" className="engraved mb-2">
            On the air
          </h2>
          <ul className="grid gap-4 md:grid-cols-2 2xl:grid-cols-3">
            {live.map((project) => (
              <LiveCard key={project.id} project={project} />
            ))}
          </ul>
        </section>
      )}
      {rest.length > 0 && (
        <section aria-labelledby="others">
          <div className="mb-2 flex flex-wrap items-center gap-3">
            <h2 id="others" className="engraved flex-1">
              {live.length > 0 ? 'Off the air' : 'Projects'}
            </h2>
            {live.length === 0 && first && <TestPattern project={first.id} destinations={first.live.outputs.total} />}
          </div>
          <ProjectRows projects={rest} />
        </section>
      )}
      {projects.length === 0 && (
        <div className="panel">
          <Empty
            title="No project yet"
            action={
              <Button kind="primary" disabled={!act} onClick={() => setAdding(true)}>
                Make the first one
              </Button>
            }
          >
            A project is one show: your encoder sends to it once, and it goes out to every destination you switch on.
          </Empty>
        </div>
      )}
      {adding && (
        <Suspense>
          <AddProject onClose={() => setAdding(false)} />
        </Suspense>
      )}
    </>
  );
}

function lead(live: number, problems: number): string {
  if (live === 0) return 'Nothing is on the air.';
  const shows = `${count(live, 'show')} on the air`;
  return problems ? `${shows}, ${problems} of your projects ${problems === 1 ? 'needs' : 'need'} a look.` : `${shows}, nothing needs you.`;
}
