/*
 * Two threads hand a number to and fro through two atomics on cache lines of their own: the least time in which anything can go to
 * another core and come back.
 *
 * Arguments: warm-up trips, readings, trips in a reading. Prints one fact a line; a latency is the mean of the trips of one reading,
 * so that the clock's own cost does not count.
 */
#include <pthread.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* Tells the processor that this is a loop of waiting: the fastest of the two ways that were tried on x86, by a few per cent. */
#if defined(__x86_64__) || defined(__i386__)
#define RELAX() __builtin_ia32_pause()
#else
#define RELAX() ((void)0)
#endif

/* Two lines apart, for the prefetcher that fetches lines in pairs. */
static alignas(128) _Atomic int64_t ping;
static alignas(128) _Atomic int64_t pong;
static alignas(128) int64_t trips_total;

static void *echo(void *unused)
{
	for (int64_t trip = 1; trip <= trips_total; trip++) {
		while (atomic_load_explicit(&ping, memory_order_acquire) != trip)
			RELAX();
		atomic_store_explicit(&pong, trip, memory_order_release);
	}
	return unused;
}

static int64_t now_ns(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* Gives the sum of what came back. */
static int64_t travel(int64_t first, int64_t count)
{
	int64_t sum = 0;
	for (int64_t trip = first; trip < first + count; trip++) {
		int64_t back;
		atomic_store_explicit(&ping, trip, memory_order_release);
		while ((back = atomic_load_explicit(&pong, memory_order_acquire)) != trip)
			RELAX();
		sum += back;
	}
	return sum;
}

int main(int argc, char **argv)
{
	if (argc != 4)
		return 2;
	int64_t warmup = atoll(argv[1]), readings = atoll(argv[2]), trips = atoll(argv[3]);
	int64_t checksum = 0;
	double *latencies = calloc(readings, sizeof *latencies);
	pthread_t thread;
	trips_total = warmup + readings * trips;
	if (latencies == NULL || pthread_create(&thread, NULL, echo, NULL) != 0)
		return 1;
	travel(1, warmup);
	for (int64_t reading = 0; reading < readings; reading++) {
		int64_t start_ns = now_ns();
		checksum += travel(1 + warmup + reading * trips, trips);
		latencies[reading] = (double)(now_ns() - start_ns) / trips;
	}
	pthread_join(thread, NULL);
	printf("compiler %s\ncount %lld\nchecksum %lld\nlatencies_ns", __VERSION__, (long long)(readings * trips), (long long)checksum);
	for (int64_t reading = 0; reading < readings; reading++)
		printf(" %.1f", latencies[reading]);
	printf("\n");
	return 0;
}
