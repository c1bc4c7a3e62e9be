import { ConnectionBanner } from 'everlink/react';
import { Live } from './live';

export const dynamic = 'force-dynamic';

export default function Page() {
  return (
    <Live url={process.env.EVERLINK_URL}>
      <ConnectionBanner />
    </Live>
  );
}
