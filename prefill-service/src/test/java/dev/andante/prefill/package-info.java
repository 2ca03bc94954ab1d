/** Tests of the prefill role alone; those of prefill and decode together are beside decode. */
@NullMarked
package dev.andante.prefill;

import org.jspecify.annotations.NullMarked;
