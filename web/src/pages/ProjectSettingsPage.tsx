// A project's settings: its name, its keys, how viewers reach it, and its end.
import { useSuspenseQuery } from '@tanstack/react-query';
import { projectQuery } from '@/api/queries';
import { DangerZone } from '@/features/project-settings/DangerZone';
import { Dock } from '@/features/project-settings/Dock';
import { Embed } from '@/features/project-settings/Embed';
import { General } from '@/features/project-settings/General';
import { StreamKeys } from '@/features/project-settings/StreamKeys';
import { ProjectTabs } from '@/features/project/ProjectTabs';
import { PageHead } from '@/ui/PageHead';
import { Panel } from '@/ui/Panel';
import { SkeletonRows } from '@/ui/Skeleton';

export default function ProjectSettingsPage({ id }: { id: string }) {
  const project = useSuspenseQuery(projectQuery(id)).data;
  const rows = <SkeletonRows rows={2} height="h-12" />;
  return (
    <>
      <PageHead title={project.name} />
      <ProjectTabs id={id} />
      <div className="grid max-w-3xl grid-cols-1 gap-4">
        {project.declared && (
          <p className="rounded-control border border-line bg-panel px-4 py-3 text-soft">
            This project is declared in <code>config.toml</code>. It is changed there, and shown here.
          </p>
        )}
        <Panel title="General" fallback={rows}>
          <General key={project.revision} project={project} />
        </Panel>
        <Panel title="Stream keys" fallback={<SkeletonRows rows={2} height="h-20 sm:h-[4.4rem]" />}>
          <StreamKeys project={project} />
        </Panel>
        <Panel title="For viewers" fallback={<SkeletonRows rows={4} height="h-24 sm:h-[4.4rem]" />}>
          <Embed project={project} />
        </Panel>
        <Panel title="Inside OBS" fallback={rows}>
          <Dock project={project} />
        </Panel>
        {!project.declared && (
          <Panel title="Danger" fallback={rows}>
            <DangerZone project={project} />
          </Panel>
        )}
      </div>
    </>
  );
}
