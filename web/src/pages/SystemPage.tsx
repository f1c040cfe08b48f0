// The machine: what it carries, whether it is well, and which others there are.
import { PageHead } from '@/ui/PageHead';
import { Panel } from '@/ui/Panel';
import { SkeletonRows, SkeletonTiles } from '@/ui/Skeleton';
import { Checks } from '@/features/system/Checks';
import { Figures } from '@/features/system/Figures';
import { Nodes } from '@/features/system/Nodes';

export default function SystemPage() {
  return (
    <>
      <PageHead title="System" />
      <div className="grid grid-cols-1 items-start gap-4 lg:grid-cols-2">
        <Panel title="This server" fallback={<SkeletonTiles tiles={12} className="rounded-b-panel sm:grid-cols-3 lg:grid-cols-4" />} className="lg:col-span-2">
          <Figures />
        </Panel>
        <Panel title="Checks" fallback={<SkeletonRows rows={5} height="h-9" />}>
          <Checks />
        </Panel>
        <Panel title="Nodes" fallback={<SkeletonRows rows={2} height="h-10" />}>
          <Nodes />
        </Panel>
      </div>
    </>
  );
}
