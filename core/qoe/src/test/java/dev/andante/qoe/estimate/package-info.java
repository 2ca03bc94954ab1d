/** Tests of the estimators. */
@NullMarked
package dev.andante.qoe.estimate;

import org.jspecify.annotations.NullMarked;
