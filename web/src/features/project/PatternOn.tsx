// The line while the built-in pattern is on the air: it makes room for an encoder by itself.
import { Clapperboard } from 'lucide-react';
import { useCan } from '@/app/can';
import { useStopPattern } from '@/features/overview/TestPattern';
import { Button } from '@/ui/Button';

export function PatternOn({ project }: { project: string }) {
  const stop = useStopPattern(project);
  const { act } = useCan();
  return (
    <div className="flex flex-wrap items-center gap-x-4 gap-y-2 border-b border-line px-4 py-3" data-tone="info">
      <p role="status" className="flex min-w-0 flex-1 basis-64 items-start gap-2.5">
        <Clapperboard size={16} className="mt-1 flex-none text-(--tone)" aria-hidden />
        <span>
          <strong className="font-semibold">The test pattern is on the air.</strong> Start your encoder, and it takes over.
        </span>
      </p>
      <Button busy={stop.isPending} disabled={!act} onClick={() => stop.mutate()}>
        Stop the test pattern
      </Button>
    </div>
  );
}
