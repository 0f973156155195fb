/* gSOAP's side of the comparison: reads commands, one a line, and answers each with one line.
 *
 *   document FILE | element FILE   what to work on: a SOAP envelope, or the body element alone
 *   parse N                        parse it N times            -> microseconds of CPU
 *   write N                        serialise it N times        -> microseconds of CPU
 *   dump FILE                      write the serialised form   -> bytes
 *
 * Input and output are memory on both sides. Failures end the program. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "EucalyptusCCSoapBinding.nsmap"
#include "soapH.h"

typedef struct ns1__describeInstancesResponseType Response;
static const char *const TAG = "ns1:DescribeInstancesResponse";

static struct {
    char *bytes;
    size_t length, at;
} input, output;
static int envelope;

static size_t receive(struct soap *soap, char *to, size_t room)
{
    (void)soap;
    size_t left = input.length - input.at, count = left < room ? left : room;
    memcpy(to, input.bytes + input.at, count);
    input.at += count;
    return count;
}

static int send_bytes(struct soap *soap, const char *from, size_t count)
{
    (void)soap;
    if (output.at + count > output.length) {
        output.length = 2 * (output.at + count);
        output.bytes = realloc(output.bytes, output.length);
        if (!output.bytes)
            return SOAP_EOM;
    }
    memcpy(output.bytes + output.at, from, count);
    output.at += count;
    return SOAP_OK;
}

static void check(struct soap *soap, int failed)
{
    if (failed) {
        soap_print_fault(soap, stderr);
        exit(1);
    }
}

static void parse(struct soap *soap, Response *response)
{
    input.at = 0;
    soap_default_ns1__describeInstancesResponseType(soap, response);
    check(soap, soap_begin_recv(soap));
    if (envelope)
        check(soap, soap_envelope_begin_in(soap) || soap_recv_header(soap) || soap_body_begin_in(soap));
    check(soap, !soap_get_ns1__describeInstancesResponseType(soap, response, TAG, NULL));
    if (envelope)
        check(soap, soap_body_end_in(soap) || soap_envelope_end_in(soap));
    check(soap, soap_end_recv(soap));
}

static void serialise(struct soap *soap, const Response *response)
{
    output.at = 0;
    check(soap, soap_begin_send(soap));
    if (envelope)
        check(soap, soap_envelope_begin_out(soap) || soap_body_begin_out(soap));
    check(soap, soap_put_ns1__describeInstancesResponseType(soap, response, TAG, NULL));
    if (envelope)
        check(soap, soap_body_end_out(soap) || soap_envelope_end_out(soap));
    check(soap, soap_end_send(soap));
}

static long cpu_microseconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1000000L + usage.ru_utime.tv_usec + usage.ru_stime.tv_usec;
}

static void load(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (!file || fseek(file, 0, SEEK_END)) {
        perror(path);
        exit(1);
    }
    input.length = (size_t)ftell(file);
    rewind(file);
    input.bytes = realloc(input.bytes, input.length);
    if (!input.bytes || fread(input.bytes, 1, input.length, file) != input.length)
        exit(1);
    fclose(file);
}

int main(void)
{
    /* The fastest modes that are right for document/literal: no multi-references, no blanks. */
    struct soap *soap = soap_new1(SOAP_XML_TREE | SOAP_C_UTFSTRING);
    struct soap *holder = soap_new1(SOAP_XML_TREE | SOAP_C_UTFSTRING);
    soap->frecv = holder->frecv = receive;
    soap->fsend = holder->fsend = send_bytes;
    Response parsed, held;
    char word[16], argument[4096];
    while (scanf("%15s %4095s", word, argument) == 2) {
        if (!strcmp(word, "document") || !strcmp(word, "element")) {
            envelope = !strcmp(word, "document");
            load(argument);
            soap_end(holder);
            parse(holder, &held);
            printf("%d\n", held.__sizeinstances);
        } else if (!strcmp(word, "dump")) {
            serialise(holder, &held);
            FILE *file = fopen(argument, "wb");
            if (!file || fwrite(output.bytes, 1, output.at, file) != output.at || fclose(file))
                exit(1);
            printf("%zu\n", output.at);
        } else {
            int writes = !strcmp(word, "write");
            long start = cpu_microseconds();
            for (long count = atol(argument); count > 0; count--) {
                if (writes) {
                    serialise(holder, &held);
                } else {
                    parse(soap, &parsed);
                    soap_destroy(soap);
                    soap_end(soap);
                }
            }
            printf("%ld\n", cpu_microseconds() - start);
        }
        fflush(stdout);
    }
    return 0;
}
