// The dock inside OBS: its address, and where OBS wants it.
import type { Project } from '@/api/types';
import { Private } from '@/app/Private';
import { CopyLine } from '@/ui/Copy';

export function Dock({ project }: { project: Project }) {
  const url = new URL(`/dock/${project.id}`, location.origin).href;
  return (
    <div className="grid gap-3 p-4">
      <p className="text-sm text-soft">State and switches of this show in a narrow window of OBS itself.</p>
      <ol className="grid list-decimal gap-2 pl-5">
        <li>In OBS, open Docks → Custom Browser Docks…</li>
        <li>
          Name it as you like, and give it this address:
          <div className="mt-1.5">
            <CopyLine value={url} label="Address of the dock" shown={<Private>{url}</Private>} />
          </div>
        </li>
        <li>Apply. The first time, sign in inside the dock; OBS remembers it.</li>
      </ol>
    </div>
  );
}
