// The machines that act as one.
import { useSuspenseQuery } from '@tanstack/react-query';
import { nodesQuery } from '@/api/queries';
import { Ago } from '@/ui/Time';
import { count } from '@/words/format';

export function Nodes() {
  const nodes = useSuspenseQuery(nodesQuery).data;
  return (
    <ul className="rows">
      {nodes.map(({ id, roles, started_at, version, live_streams, self }) => (
        <li key={id} className="flex flex-wrap items-baseline gap-x-4 gap-y-1 px-4 py-2.5">
          <p className="min-w-0 flex-1 font-medium">
            <code className="break-all">{id}</code>
            {self && <span className="ml-2 text-sm font-normal text-faint">this one</span>}
          </p>
          <p className="text-sm text-soft">{count(live_streams, 'live stream')}</p>
          <p className="w-full text-sm text-faint">
            {roles.length > 0 && `${roles.join(', ')} · `}
            {version} · started <Ago at={started_at} />
          </p>
        </li>
      ))}
    </ul>
  );
}
