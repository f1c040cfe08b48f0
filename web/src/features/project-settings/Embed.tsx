// How viewers reach the show: a page, a playlist, a frame for another site.
import { useSuspenseQuery } from '@tanstack/react-query';
import { playbackQuery } from '@/api/queries';
import type { Project } from '@/api/types';
import { Private } from '@/app/Private';
import { CopyLine } from '@/ui/Copy';
import { dateTime } from '@/words/format';

export function Embed({ project }: { project: Project }) {
  const { watch_url, hls_url, rtmp_url, token_required, token_expires_at } = useSuspenseQuery(playbackQuery(project.id)).data;
  const absolute = (url: string) => (/^\w+:/.test(url) ? url : new URL(url, location.origin).href);
  const frame = `<iframe src="${absolute(watch_url)}" width="640" height="400" allow="autoplay; fullscreen" style="border:0"></iframe>`;
  const lines: [string, string][] = [
    ['Page for viewers', absolute(watch_url)],
    ['HLS playlist', absolute(hls_url)],
    ['RTMP', rtmp_url],
    ['For another site', frame],
  ];
  return (
    <div className="grid gap-4 p-4">
      {token_required && (
        <p className="text-sm text-soft">
          Viewers need a token. These addresses hold one{token_expires_at && `, good until ${dateTime(token_expires_at)}`}: whoever has them can watch.
        </p>
      )}
      {lines.map(([label, value]) => (
        <div key={label} className="grid gap-1.5">
          <p className="text-sm font-medium">{label}</p>
          <CopyLine value={value} label={label} shown={token_required ? <Private>{value}</Private> : value} />
        </div>
      ))}
    </div>
  );
}
