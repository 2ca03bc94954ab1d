/** Tests of the knapsack, against exact solutions. */
@NullMarked
package dev.andante.qoe.knapsack;

import org.jspecify.annotations.NullMarked;
