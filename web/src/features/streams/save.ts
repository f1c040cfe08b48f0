// A report as a file, as the server gave it: it holds no secrets.
import type { Report } from '@/api/types';

export function save(report: Report): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(report, null, 2)], { type: 'application/json' }));
  const anchor = document.createElement('a');
  anchor.href = url;
  anchor.download = `gostream-${report.broadcast.id}.json`;
  anchor.click();
  URL.revokeObjectURL(url);
}
