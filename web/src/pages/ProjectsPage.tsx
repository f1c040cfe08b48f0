// Every project, to be found by its name.
import { useSuspenseQuery } from '@tanstack/react-query';
import { Plus } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { projectsQuery } from '@/api/queries';
import { useCan } from '@/app/can';
import { inOrder } from '@/features/overview/problems';
import { ProjectRows } from '@/features/overview/ProjectRows';
import { Button } from '@/ui/Button';
import { Empty } from '@/ui/Empty';
import { PageHead } from '@/ui/PageHead';

const AddProject = lazy(() => import('@/features/overview/AddProject'));

export default function ProjectsPage() {
  const projects = inOrder(useSuspenseQuery(projectsQuery).data);
  const { act } = useCan();
  const [adding, setAdding] = useState(false);
  const [wanted, setWanted] = useState('');
  const found = projects.filter(({ name }) => name.toLowerCase().includes(wanted.trim().toLowerCase()));
  return (
    <>
      <PageHead
        title="Projects"
        actions={
          <>
            <input
              type="search"
              className="input w-56"
              placeholder={matchMedia('(pointer: coarse)').matches ? 'Search' : 'Search  /'}
              aria-label="Search projects"
              value={wanted}
              onChange={(event) => setWanted(event.target.value)}
            />
            <Button disabled={!act} onClick={() => setAdding(true)}>
              <Plus size={16} aria-hidden />
              New project
            </Button>
          </>
        }
      />
      {found.length > 0 ? (
        <ProjectRows projects={found} />
      ) : (
        <div className="panel">
          <Empty title={wanted ? `No project is called “${wanted}”` : 'No project yet'} />
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
