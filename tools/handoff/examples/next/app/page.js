import { Smile } from './smile.js';

export default function Page() {
  return <Smile />;
}
