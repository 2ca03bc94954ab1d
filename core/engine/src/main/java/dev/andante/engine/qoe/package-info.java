/**
 * Scheduling by what readers experience: {@link dev.andante.qoe.batch} decides, and this package
 * tells it what there is and the scheduler what was decided. Engine thread only.
 */
@NullMarked
package dev.andante.engine.qoe;

import org.jspecify.annotations.NullMarked;
